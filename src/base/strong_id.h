#pragma once
#include "tidewire/strong_id.h"
