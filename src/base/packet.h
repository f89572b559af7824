#pragma once
#include "tidewire/packet.h"
