"""lacking.py - runs a program as on a kernel that lacks some system calls.

  lacking.py landlock,seccomp PROGRAM ARGUMENT...

A filter lets these calls fail with ENOSYS, and a request for seccomp by prctl with EINVAL, as they
do on such kernels (Landlock came with Linux 5.13; gVisor has neither)."""
import ctypes
import errno
import os
import platform
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2
RET_ALLOW, RET_ERRNO = 0x7fff0000, 0x00050000
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ, BPF_RET
NUMBER, ARGUMENT_0 = 0, 16  # offsets in struct seccomp_data
LANDLOCK = (444, 445, 446)
SECCOMP, PRCTL = {"x86_64": (317, 157), "aarch64": (277, 167)}.get(platform.machine(), (None, None))


def instruction(code, value, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, value)


def fail_if(offset, value, why):
    """Reads a field, and fails if it has that value."""
    return (instruction(LOAD, offset) + instruction(EQUAL, value, 0, 1) +
            instruction(RETURN, RET_ERRNO | why))


def filter_of(what):
    code = b""
    for number in LANDLOCK if "landlock" in what else ():
        code += fail_if(NUMBER, number, errno.ENOSYS)
    if "seccomp" in what:
        code += fail_if(NUMBER, SECCOMP, errno.ENOSYS)
        code += instruction(LOAD, NUMBER) + instruction(EQUAL, PRCTL, 0, 3)
        code += fail_if(ARGUMENT_0, PR_SET_SECCOMP, errno.EINVAL)
    return code + instruction(RETURN, RET_ALLOW)


def main():
    code = filter_of(sys.argv[1].split(","))
    program = ctypes.create_string_buffer(code, len(code))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code) // 8,
                                                   ctypes.addressof(program)))
    libc = ctypes.CDLL(None, use_errno=True)
    if (libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or
            libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(head), 0, 0) != 0):
        sys.exit("lacking.py: no filter: %s" % os.strerror(ctypes.get_errno()))
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
