terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.66"
    }
  }
}

provider "aws" {
  region = "ap-northeast-1"
}

module "network" {
  source = "../../../aws-network-lookup"

  name   = "example-aws-tokyo"
  region = "ap-northeast-1"
}

module "web" {
  source = "../.."

  name         = "example-prod-web"
  description  = "Web front end"
  network      = module.network
  egress_cidrs = ["10.16.0.0/16", "10.32.0.0/16"]

  bootstrap_image = {
    owner        = "099720109477"
    name         = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20261101"
    architecture = "arm64"
  }
  hold_replacements = true
  proxy             = { url = "http://proxy.example.internal:3128", exceptions = ["localhost", "127.0.0.1", "10.16.0.0/16"] }

  session_log_group = "/example/sessions"
  session_bucket    = "example-sessions-123456789012-ap-northeast-1"
  session_key_alias = "example-sessions"

  machine_type        = "m7gd.large"
  other_machine_types = ["m6gd.large"]
  size                = { min = 3, desired = 6, max = 24 }
  disk                = { size_gib = 40, iops = 6000, throughput = 500, kms_key = "alias/example-disks" }

  zones = ["ap-northeast-1a", "ap-northeast-1c"]

  data_disks = {
    index = { size_gib = 500, type = "io2", iops = 20000, mount = "/var/lib/index", owner = "web" }
  }
  instance_store = { mount = "/var/cache/web", filesystem = "xfs" }

  config = {
    environment = { LOG_LEVEL = "debug" }
    files       = { "/etc/web.toml" = { content = "a = 1\n", owner = "web" } }
    secrets     = { DATABASE_PASSWORD = { name = "example/prod/database", key = "password" } }
  }

  ports = [
    { port = 9100, protocol = "tcp", cidrs = ["10.16.0.0/16"], description = "Metrics" },
    { port = 7000, to_port = 7100, protocol = "udp", cidrs = [], security_groups = ["sg-0d1e2f3041526374"] },
  ]
  egress = [
    { to = "databases", port = 5432, protocol = "tcp", cidrs = ["10.200.8.0/24"] },
  ]

  backends = {
    main = {
      arn            = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/public/0a1b2c3d4e5f6071"
      security_group = "sg-0a1b2c3d4e5f60711"
      port           = 8080
      protocol       = "HTTP"
      drain_seconds  = 90
      listener_port  = 443
      certificate    = "arn:aws:acm:ap-northeast-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    }
    syslog = {
      arn            = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/net/internal/1b2c3d4e5f60718a"
      security_group = "sg-0b1c2d3e4f5061722"
      port           = 514
      protocol       = "UDP"
      listener_port  = 514
    }
  }

  health = {
    port = 8081
    path = "/healthz"
  }

  scaling = {
    cpu_percent          = 60
    requests_per_machine = 6000
    queue                = { name = "jobs", messages_per_machine = 100 }
    schedules = {
      morning = { cron = "0 8 * * 1-5", time_zone = "Asia/Tokyo", machines = 12 }
    }
  }

  maintenance = { min_healthy_percentage = 90, max_healthy_percentage = 120 }
  spot        = { on_demand_base = 3, on_demand_percentage = 50 }

  lifecycle_hooks = {
    warm  = { transition = "launching" }
    drain = { transition = "terminating", timeout_seconds = 600, default = "continue" }
  }

  policies             = ["arn:aws:iam::123456789012:policy/example-web"]
  detailed_monitoring  = true
  metadata_hops        = 2
  max_lifetime_seconds = 2592000

  tags = {
    environment = "prod"
    team        = "platform"
  }
}
