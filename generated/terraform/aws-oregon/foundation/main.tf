# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.66"
    }
  }

  backend "s3" {
    bucket       = "example-fleet-terraform"
    key          = "example/aws-oregon/foundation.tfstate"
    region       = "ap-northeast-1"
    use_lockfile = true
  }
}

provider "aws" {
  region              = "us-west-2"
  allowed_account_ids = ["123456789012"]
}

locals {
  tags = {
    "cost-center" = "cc-1042"
    "fleet"       = "example"
    "team"        = "platform"
  }
}

module "network" {
  source = "../../../../terraform/modules/aws-network"

  name      = "example-aws-oregon"
  account   = "123456789012"
  region    = "us-west-2"
  cidr      = "10.32.0.0/16"
  zone_name = "aws-oregon.example.internal"
  subnets = {
    "machines-us-west-2a" = { tier = "machines", zone = "us-west-2a", cidr = "10.32.0.0/19" }
    "machines-us-west-2b" = { tier = "machines", zone = "us-west-2b", cidr = "10.32.32.0/19" }
    "machines-us-west-2c" = { tier = "machines", zone = "us-west-2c", cidr = "10.32.64.0/19" }
    "proxy-us-west-2a"    = { tier = "proxy", zone = "us-west-2a", cidr = "10.32.192.0/22" }
    "proxy-us-west-2b"    = { tier = "proxy", zone = "us-west-2b", cidr = "10.32.196.0/22" }
    "proxy-us-west-2c"    = { tier = "proxy", zone = "us-west-2c", cidr = "10.32.200.0/22" }
    "edge-us-west-2a"     = { tier = "edge", zone = "us-west-2a", cidr = "10.32.208.0/21" }
    "edge-us-west-2b"     = { tier = "edge", zone = "us-west-2b", cidr = "10.32.216.0/21" }
    "edge-us-west-2c"     = { tier = "edge", zone = "us-west-2c", cidr = "10.32.224.0/21" }
  }
  endpoints = ["autoscaling", "ec2messages", "ecr.api", "ecr.dkr", "kms", "logs", "ssm", "ssmmessages", "sts"]
  # The first one gets logs of sessions.
  buckets    = ["example-sessions-123456789012-us-west-2"]
  peer_cidrs = ["10.16.0.0/16"]
  edge_ports = [80, 443, 8883]
  proxy_port = 3128
  # The resolver answers these names, and those of AWS and the network.
  domains = [
    "snapshot.ubuntu.com",
    "telemetry.example.com",
  ]
  log_key_alias      = "example-logs"
  log_retention_days = 365
  tags               = local.tags
}

module "proxy" {
  source = "../../../../terraform/modules/aws-proxy"

  network      = "example-aws-oregon"
  host         = "proxy.aws-oregon.example.internal"
  zone_id      = module.network.zone_id
  vpc_id       = module.network.vpc_id
  cidr         = "10.32.0.0/16"
  subnet_ids   = values(module.network.subnet_ids.proxy)
  port         = 3128
  machines     = 2
  machine_type = "t4g.small"
  squid_conf   = file("${path.module}/squid.conf")

  image = {
    owner        = "099720109477"
    name         = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20261101"
    architecture = "arm64"
  }
  package_sources = [
    { url = "https://snapshot.ubuntu.com/ubuntu/20261101T235959Z", suites = "noble noble-updates noble-security", keyring = "/usr/share/keyrings/ubuntu-archive-keyring.gpg" },
  ]

  identity = { path = "/example/_networks/", boundary = "arn:aws:iam::123456789012:policy/example-machines" }

  account            = "123456789012"
  region             = "us-west-2"
  log_key_alias      = "example-logs"
  log_retention_days = 365

  run_as            = "ops"
  session_log_group = "/example/sessions"
  session_bucket    = "example-sessions-123456789012-us-west-2"
  session_key_alias = "example-sessions"
  tags              = local.tags
}
