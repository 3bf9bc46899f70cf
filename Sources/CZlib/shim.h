// Gzip decoding of data set files.
#include <zlib.h>
