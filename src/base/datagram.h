#pragma once
#include "tidewire/datagram.h"
