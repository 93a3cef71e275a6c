# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.

module "vision-tokyo-stg" {
  source = "../../../../terraform/modules/aws-compute-group"

  name        = "example-stg-vision-tokyo-stg"
  description = "Image recognition"
  network     = module.network

  # Where a new group starts: on the vendor's image, as no image was promoted to its environment. Until one is, nothing is replaced.
  bootstrap_image = {
    owner        = "099720109477"
    name         = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261101"
    architecture = "x86_64"
  }
  hold_replacements = true
  image_parameter   = "/example/stg/vision-tokyo-stg/image"

  machine_type = "g4dn.xlarge"
  size         = { min = 1, desired = 1, max = 1 }
  disk = {
    size_gib   = 100
    type       = "gp3"
    iops       = 3000
    throughput = 125
    kms_key    = "alias/example-disks"
  }

  egress_cidrs = ["10.16.0.0/16", "10.32.0.0/16"]
  ports = [
    {
      port        = 8000
      protocol    = "tcp"
      cidrs       = ["10.16.0.0/16"]
      description = "Inference"
    },
  ]
  warmup_seconds = 120

  # How many machines stay while others are replaced, in percent of the desired size.
  maintenance = { min_healthy_percentage = 100, max_healthy_percentage = 200 }

  proxy = {
    url        = "http://proxy.aws-tokyo.example.internal:3128"
    exceptions = ["localhost", "127.0.0.1", "169.254.169.254", ".internal", ".amazonaws.com", "10.16.0.0/16"]
  }
  identity          = { path = "/example/stg/", boundary = "arn:aws:iam::123456789012:policy/example-machines" }
  session_log_group = "/example/sessions"
  session_bucket    = "example-sessions-123456789012-ap-northeast-1"
  session_key_alias = "example-sessions"

  detailed_monitoring = false
  metadata_hops       = 1

  tags = {
    "cost-center" = "cc-1042"
    "environment" = "stg"
    "fleet"       = "example"
    "group"       = "vision-tokyo-stg"
    "layer"       = "vision"
    "team"        = "platform"
  }
}
