"""Device names."""


def ps_device(index):
    """The CPU of parameter server `index`."""
    return f"/job:ps/task:{index}/device:CPU:0"
