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

module "proxy" {
  source = "../.."

  network    = "example-aws-tokyo"
  host       = "proxy.aws-tokyo.example.internal"
  zone_id    = "Z0123456789ABCDEFGHIJ"
  vpc_id     = "vpc-0a1b2c3d4e5f60718"
  cidr       = "10.16.0.0/16"
  subnet_ids = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1c2d3e4f5061729"]
  squid_conf = "http_port 3128\nhttp_access deny all\n"

  image = {
    owner        = "099720109477"
    name         = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20261101"
    architecture = "arm64"
  }
  package_sources = [{
    url     = "https://snapshot.ubuntu.com/ubuntu/20261101T235959Z"
    suites  = "noble noble-updates noble-security"
    keyring = "/usr/share/keyrings/ubuntu-archive-keyring.gpg"
  }]

  account = "123456789012"
  region  = "ap-northeast-1"

  log_key_alias = "example-logs"

  run_as            = "ops"
  session_log_group = "/example/sessions"
  session_bucket    = "example-sessions-123456789012-ap-northeast-1"
  session_key_alias = "example-sessions"
}
