#include "tests/store/store_support.h"
