"""What running and training Transformers costs, and what a device makes of it: the roofline."""

from memwall_trends.workloads.bounds import WhenBound as WhenBound
from memwall_trends.workloads.bounds import find_when_bound as find_when_bound
from memwall_trends.workloads.configurations import load_model as load_model
from memwall_trends.workloads.costs import Cost as Cost
from memwall_trends.workloads.costs import Operator as Operator
from memwall_trends.workloads.costs import count_cost as count_cost
from memwall_trends.workloads.devices import Device as Device
from memwall_trends.workloads.devices import make_device as make_device
from memwall_trends.workloads.finding import choose_device as choose_device
from memwall_trends.workloads.finding import find_device as find_device
from memwall_trends.workloads.levers import compare_levers as compare_levers
from memwall_trends.workloads.measurements import compare_measurements as compare_measurements
from memwall_trends.workloads.models import find_transformer as find_transformer
from memwall_trends.workloads.models import list_transformers as list_transformers
from memwall_trends.workloads.networks import find_network as find_network
from memwall_trends.workloads.networks import list_networks as list_networks
from memwall_trends.workloads.roofline import Placement as Placement
from memwall_trends.workloads.roofline import place as place
from memwall_trends.workloads.serving import Service as Service
from memwall_trends.workloads.sharing import Layout as Layout
from memwall_trends.workloads.training import count_training_memory as count_training_memory
from memwall_trends.workloads.training import count_training_time as count_training_time
from memwall_trends.workloads.transformers import Transformer as Transformer
from memwall_trends.workloads.work import PHASES as PHASES
from memwall_trends.workloads.work import Workload as Workload
