#include "model/outage_policy.hpp"
