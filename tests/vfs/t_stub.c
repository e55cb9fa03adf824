#include "vt.h"
#define S(n) const struct vt_case n[] = {{.tc_name = NULL}};
S(vt_name)
S(vt_link) S(vt_rename) S(vt_attr) S(vt_dir) S(vt_xattr) S(vt_special)
    S(vt_full) S(vt_mount) S(vt_proc) S(vt_random)
