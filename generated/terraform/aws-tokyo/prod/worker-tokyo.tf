# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.

module "worker-tokyo" {
  source = "../../../../terraform/modules/aws-compute-group"

  name        = "example-prod-worker-tokyo"
  description = "Queue worker"
  network     = module.network

  # Where a new group starts: on the vendor's image, as no image was promoted to its environment. Until one is, nothing is replaced.
  bootstrap_image = {
    owner        = "099720109477"
    name         = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20261101"
    architecture = "arm64"
  }
  hold_replacements = true
  image_parameter   = "/example/prod/worker-tokyo/image"

  machine_type        = "c7g.large"
  other_machine_types = ["c6g.large", "c7gd.large", "m7g.large"]
  size                = { min = 2, desired = 2, max = 40 }
  disk = {
    size_gib   = 20
    type       = "gp3"
    iops       = 3000
    throughput = 125
    kms_key    = "alias/example-disks"
  }

  egress_cidrs = ["10.16.0.0/16", "10.32.0.0/16"]

  scaling = {
    cpu_percent = 70
  }
  warmup_seconds = 120

  # How many machines stay while others are replaced, in percent of the desired size.
  maintenance = { min_healthy_percentage = 67, max_healthy_percentage = 100 }

  spot = {
    on_demand_base       = 2
    on_demand_percentage = 20
    allocation           = "price-capacity-optimized"
  }

  lifecycle_hooks = {
    "drain" = {
      transition      = "terminating"
      timeout_seconds = 600
      default         = "continue"
    }
  }

  proxy = {
    url        = "http://proxy.aws-tokyo.example.internal:3128"
    exceptions = ["localhost", "127.0.0.1", "169.254.169.254", ".internal", ".amazonaws.com", "10.16.0.0/16"]
  }
  identity          = { path = "/example/prod/", boundary = "arn:aws:iam::123456789012:policy/example-machines" }
  session_log_group = "/example/sessions"
  session_bucket    = "example-sessions-123456789012-ap-northeast-1"
  session_key_alias = "example-sessions"

  detailed_monitoring = false
  metadata_hops       = 1

  tags = {
    "cost-center" = "cc-1042"
    "environment" = "prod"
    "fleet"       = "example"
    "group"       = "worker-tokyo"
    "layer"       = "worker"
    "team"        = "platform"
  }
}
