from . import test_lanes, test_supervisor
