from benchmarks.sockets import established, queued_bytes

# Two connections of port 8080 (1F90), one of them with 0x2710 bytes in its send queue; a listener; another port.
TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1001 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C001 01 00002710:00000000 01:00000014 00000000     0        0 1002 2 0 20 4 30 10 -1
   2: 0100007F:1F90 0100007F:C002 01 00000000:00000005 00:00000000 00000000     0        0 1003 1 0 20 4 30 10 -1
   3: 0100007F:C001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 1004 1 0 20 4 30 10 -1
"""
SS = """\
0      4096   127.0.0.1:8080 127.0.0.1:49153 skmem:(r0,rb131072,t0,tb2626560,f0,w5376,o0,bl0,d0)
0      0      127.0.0.1:8080 127.0.0.1:49154 skmem:(r0,rb131072,t0,tb2626560,f4096,w0,o0,bl0,d0)
"""


def test_connections_are_those_of_the_port_that_are_established():
    assert established(TABLE, 8080) == {1002: 10_000, 1003: 0}


def test_queued_memory_is_what_the_kernel_charges_for_writing():
    assert queued_bytes(SS) == 5376
