from .runner import Deployer
