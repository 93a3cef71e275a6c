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
    key          = "example/aws-tokyo/foundation.tfstate"
    region       = "ap-northeast-1"
    use_lockfile = true
  }
}

provider "aws" {
  region              = "ap-northeast-1"
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

  name      = "example-aws-tokyo"
  account   = "123456789012"
  region    = "ap-northeast-1"
  cidr      = "10.16.0.0/16"
  zone_name = "aws-tokyo.example.internal"
  subnets = {
    "machines-ap-northeast-1a" = { tier = "machines", zone = "ap-northeast-1a", cidr = "10.16.0.0/19" }
    "machines-ap-northeast-1c" = { tier = "machines", zone = "ap-northeast-1c", cidr = "10.16.32.0/19" }
    "machines-ap-northeast-1d" = { tier = "machines", zone = "ap-northeast-1d", cidr = "10.16.64.0/19" }
    "build-ap-northeast-1a"    = { tier = "build", zone = "ap-northeast-1a", cidr = "10.16.128.0/20" }
    "build-ap-northeast-1c"    = { tier = "build", zone = "ap-northeast-1c", cidr = "10.16.144.0/20" }
    "build-ap-northeast-1d"    = { tier = "build", zone = "ap-northeast-1d", cidr = "10.16.160.0/20" }
    "proxy-ap-northeast-1a"    = { tier = "proxy", zone = "ap-northeast-1a", cidr = "10.16.192.0/22" }
    "proxy-ap-northeast-1c"    = { tier = "proxy", zone = "ap-northeast-1c", cidr = "10.16.196.0/22" }
    "proxy-ap-northeast-1d"    = { tier = "proxy", zone = "ap-northeast-1d", cidr = "10.16.200.0/22" }
    "edge-ap-northeast-1a"     = { tier = "edge", zone = "ap-northeast-1a", cidr = "10.16.208.0/21" }
    "edge-ap-northeast-1c"     = { tier = "edge", zone = "ap-northeast-1c", cidr = "10.16.216.0/21" }
    "edge-ap-northeast-1d"     = { tier = "edge", zone = "ap-northeast-1d", cidr = "10.16.224.0/21" }
  }
  endpoints = ["autoscaling", "ec2messages", "ecr.api", "ecr.dkr", "kms", "logs", "ssm", "ssmmessages", "sts"]
  # The first one gets logs of sessions.
  buckets    = ["example-sessions-123456789012-ap-northeast-1", "example-fleet-artifacts"]
  peer_cidrs = ["10.32.0.0/16"]
  edge_ports = [80, 443, 8883, 18883]
  proxy_port = 3128
  # The resolver answers these names, and those of AWS and the network.
  domains = [
    "download.docker.com",
    "mirror.gcr.io",
    "nvidia.github.io",
    "registry.example.com",
    "snapshot.ubuntu.com",
    "telemetry.example.com",
  ]
  log_key_alias      = "example-logs"
  log_retention_days = 365
  tags               = local.tags
}

module "proxy" {
  source = "../../../../terraform/modules/aws-proxy"

  network      = "example-aws-tokyo"
  host         = "proxy.aws-tokyo.example.internal"
  zone_id      = module.network.zone_id
  vpc_id       = module.network.vpc_id
  cidr         = "10.16.0.0/16"
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
  region             = "ap-northeast-1"
  log_key_alias      = "example-logs"
  log_retention_days = 365

  run_as            = "ops"
  session_log_group = "/example/sessions"
  session_bucket    = "example-sessions-123456789012-ap-northeast-1"
  session_key_alias = "example-sessions"
  tags              = local.tags
}

# Both ends and their routes: this root names the peer.
module "peer-aws-oregon" {
  source = "../../../../terraform/modules/aws-peering"

  name           = "example-aws-tokyo"
  vpc_id         = module.network.vpc_id
  route_table_id = module.network.private_route_table_id
  cidr           = "10.16.0.0/16"
  peer = {
    name   = "example-aws-oregon"
    region = "us-west-2"
    cidr   = "10.32.0.0/16"
  }
  tags = local.tags
}
