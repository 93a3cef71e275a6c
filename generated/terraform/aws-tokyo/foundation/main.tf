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
    "runner-ap-northeast-1a"   = { tier = "runner", zone = "ap-northeast-1a", cidr = "10.16.240.0/22" }
    "runner-ap-northeast-1c"   = { tier = "runner", zone = "ap-northeast-1c", cidr = "10.16.244.0/22" }
    "runner-ap-northeast-1d"   = { tier = "runner", zone = "ap-northeast-1d", cidr = "10.16.248.0/22" }
  }
  endpoints = ["autoscaling", "ec2", "ec2messages", "ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager", "ssm", "ssmmessages", "sts"]
  # The first one gets logs of sessions.
  buckets    = ["example-sessions-123456789012-ap-northeast-1", "example-fleet-artifacts", "example-fleet-reports"]
  peer_cidrs = ["10.32.0.0/16"]
  edge_ports = [80, 443, 8883, 18883]
  proxy_port = 3128
  # The resolver answers these names, and those of AWS and the network.
  domains = [
    ".actions.githubusercontent.com",
    "api.github.com",
    "autoscaling.us-west-2.amazonaws.com",
    "awscli.amazonaws.com",
    "cloudkms.googleapis.com",
    "codeload.github.com",
    "compute.googleapis.com",
    "dl.google.com",
    "download.docker.com",
    "ec2.us-west-2.amazonaws.com",
    "elasticloadbalancing.ap-northeast-1.amazonaws.com",
    "elasticloadbalancing.us-west-2.amazonaws.com",
    "github.com",
    "iam.amazonaws.com",
    "iamcredentials.googleapis.com",
    "iap.googleapis.com",
    "kms.us-west-2.amazonaws.com",
    "mirror.gcr.io",
    "monitoring.ap-northeast-1.amazonaws.com",
    "monitoring.us-west-2.amazonaws.com",
    "nvidia.github.io",
    "oauth2.googleapis.com",
    "oslogin.googleapis.com",
    "productionresultssa0.blob.core.windows.net",
    "productionresultssa1.blob.core.windows.net",
    "productionresultssa10.blob.core.windows.net",
    "productionresultssa11.blob.core.windows.net",
    "productionresultssa12.blob.core.windows.net",
    "productionresultssa13.blob.core.windows.net",
    "productionresultssa14.blob.core.windows.net",
    "productionresultssa15.blob.core.windows.net",
    "productionresultssa16.blob.core.windows.net",
    "productionresultssa17.blob.core.windows.net",
    "productionresultssa18.blob.core.windows.net",
    "productionresultssa19.blob.core.windows.net",
    "productionresultssa2.blob.core.windows.net",
    "productionresultssa3.blob.core.windows.net",
    "productionresultssa4.blob.core.windows.net",
    "productionresultssa5.blob.core.windows.net",
    "productionresultssa6.blob.core.windows.net",
    "productionresultssa7.blob.core.windows.net",
    "productionresultssa8.blob.core.windows.net",
    "productionresultssa9.blob.core.windows.net",
    "registry.example.com",
    "release-assets.githubusercontent.com",
    "releases.hashicorp.com",
    "s3.amazonaws.com",
    "snapshot.ubuntu.com",
    "ssm.us-west-2.amazonaws.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
    "telemetry.example.com",
    "tunnel.cloudproxy.app",
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

# Jobs of GitHub that build and roll out run here.
module "runner" {
  source = "../../../../terraform/modules/aws-runner"

  network      = "example-aws-tokyo"
  account      = "123456789012"
  region       = "ap-northeast-1"
  vpc_id       = module.network.vpc_id
  subnet_ids   = values(module.network.subnet_ids.runner)
  machines     = 2
  machine_type = "m7i.large"

  image = { owner = "099720109477", name = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261101" }
  package_sources = [
    { url = "https://snapshot.ubuntu.com/ubuntu/20261101T235959Z", suites = "noble noble-updates noble-security", keyring = "/usr/share/keyrings/ubuntu-archive-keyring.gpg" },
  ]
  endpoints_security_group_id = module.network.endpoints_security_group_id
  proxy = {
    url               = "http://proxy.aws-tokyo.example.internal:3128"
    port              = 3128
    security_group_id = module.proxy.load_balancer_security_group_id
    exceptions = [
      "localhost",
      "127.0.0.1",
      "169.254.169.254",
      ".internal",
      "10.16.0.0/16",
      "s3.ap-northeast-1.amazonaws.com",
      ".s3.ap-northeast-1.amazonaws.com",
      "autoscaling.ap-northeast-1.amazonaws.com",
      "ec2.ap-northeast-1.amazonaws.com",
      "ec2messages.ap-northeast-1.amazonaws.com",
      "api.ecr.ap-northeast-1.amazonaws.com",
      ".dkr.ecr.ap-northeast-1.amazonaws.com",
      "kms.ap-northeast-1.amazonaws.com",
      "logs.ap-northeast-1.amazonaws.com",
      "secretsmanager.ap-northeast-1.amazonaws.com",
      "ssm.ap-northeast-1.amazonaws.com",
      "ssmmessages.ap-northeast-1.amazonaws.com",
      "sts.ap-northeast-1.amazonaws.com",
    ]
  }

  repository = "example/fleet"
  label      = "example-runner"
  app        = "Iv23liExample"
  app_key    = "example/github-app"

  identity = { path = "/example/_networks/", boundary = "arn:aws:iam::123456789012:policy/example-machines" }

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
