from monolith_hooks.device_utils import ps_device


def test_a_ps_device_is_the_cpu_of_its_task():
    assert ps_device(3) == "/job:ps/task:3/device:CPU:0"
