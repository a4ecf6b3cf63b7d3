#include "tests/store/spent_support.h"
