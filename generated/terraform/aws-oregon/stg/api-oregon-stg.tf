# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.

module "api-oregon-stg" {
  source = "../../../../terraform/modules/aws-compute-group"

  name        = "example-stg-api-oregon-stg"
  description = "API"
  network     = module.network

  # Where a new group starts: on the vendor's image, as no image was promoted to its environment. Until one is, nothing is replaced.
  bootstrap_image = {
    owner        = "099720109477"
    name         = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20261101"
    architecture = "arm64"
  }
  hold_replacements = true
  image_parameter   = "/example/stg/api-oregon-stg/image"

  machine_type = "c7g.medium"
  size         = { min = 1, desired = 1, max = 2 }
  disk = {
    size_gib   = 20
    type       = "gp3"
    iops       = 3000
    throughput = 125
    kms_key    = "alias/example-disks"
  }

  egress_cidrs = ["10.32.0.0/16", "10.16.0.0/16"]

  backends = {
    "main" = {
      arn            = "arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/internal/4e5f60718a9bacbd"
      security_group = "sg-0e1f203142536475"
      port           = 8080
      protocol       = "HTTP"
      drain_seconds  = 60
    }
  }

  health = {
    protocol         = "http"
    port             = 8080
    path             = "/healthz"
    interval_seconds = 10
    timeout_seconds  = 5
    healthy_after    = 2
    unhealthy_after  = 3
    grace_seconds    = 300
  }

  scaling = {
    cpu_percent = 60
  }
  warmup_seconds = 120

  # How many machines stay while others are replaced, in percent of the desired size.
  maintenance = { min_healthy_percentage = 100, max_healthy_percentage = 110 }

  policies = [
    "arn:aws:iam::123456789012:policy/example-api",
  ]

  proxy = {
    url        = "http://proxy.aws-oregon.example.internal:3128"
    exceptions = ["localhost", "127.0.0.1", "169.254.169.254", ".internal", ".amazonaws.com", "10.32.0.0/16"]
  }
  identity          = { path = "/example/stg/", boundary = "arn:aws:iam::123456789012:policy/example-machines" }
  session_log_group = "/example/sessions"
  session_bucket    = "example-sessions-123456789012-us-west-2"
  session_key_alias = "example-sessions"

  detailed_monitoring = false
  metadata_hops       = 1

  tags = {
    "cost-center" = "cc-1042"
    "environment" = "stg"
    "fleet"       = "example"
    "group"       = "api-oregon-stg"
    "layer"       = "api"
    "team"        = "platform"
  }
}

output "api-oregon-stg" {
  description = "For listener rules kept elsewhere: the group's target group."
  value       = module.api-oregon-stg.target_group_arn
}
