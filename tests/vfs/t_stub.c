#include "vt.h"
#define S(n) const struct vt_case n[] = {{.tc_name = NULL}};
S(vt_full) S(vt_mount) S(vt_proc) S(vt_random)
