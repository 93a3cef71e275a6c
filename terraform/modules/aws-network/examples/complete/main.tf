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
  source = "../.."

  name               = "example-aws-tokyo"
  account            = "123456789012"
  region             = "ap-northeast-1"
  cidr               = "10.16.0.0/16"
  zone_name          = "aws-tokyo.example.internal"
  endpoints          = ["ecr.api", "ecr.dkr", "kms", "logs", "sts"]
  buckets            = ["example-fleet-artifacts"]
  peer_cidrs         = ["10.32.0.0/16"]
  proxy_port         = 3128
  domains            = ["download.docker.com", ".snapshot.ubuntu.com"]
  log_retention_days = 400
  log_key_alias      = "example-logs"
  destinations = {
    databases = { cidrs = ["10.200.8.0/24"], gateway = "tgw-0a1b2c3d4e5f60711", domains = [".db.example.com"] }
  }
  edge_udp_ports = [5000]
  udp_ports      = [5000]
  tags           = { team = "platform" }

  subnets = {
    build-ap-northeast-1a    = { tier = "build", zone = "ap-northeast-1a", cidr = "10.16.128.0/20" }
    edge-ap-northeast-1a     = { tier = "edge", zone = "ap-northeast-1a", cidr = "10.16.208.0/21" }
    edge-ap-northeast-1c     = { tier = "edge", zone = "ap-northeast-1c", cidr = "10.16.216.0/21" }
    machines-ap-northeast-1a = { tier = "machines", zone = "ap-northeast-1a", cidr = "10.16.0.0/19" }
    machines-ap-northeast-1c = { tier = "machines", zone = "ap-northeast-1c", cidr = "10.16.32.0/19" }
    proxy-ap-northeast-1a    = { tier = "proxy", zone = "ap-northeast-1a", cidr = "10.16.192.0/22" }
    proxy-ap-northeast-1c    = { tier = "proxy", zone = "ap-northeast-1c", cidr = "10.16.196.0/22" }
  }
}
