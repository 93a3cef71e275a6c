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

module "runner" {
  source = "../.."

  network                     = "example-aws-tokyo"
  account                     = "123456789012"
  region                      = "ap-northeast-1"
  vpc_id                      = "vpc-1"
  endpoints_security_group_id = "sg-1"
  subnet_ids                  = ["subnet-1", "subnet-2"]

  image = { owner = "099720109477", name = "ubuntu-noble" }
  package_sources = [{
    url     = "https://snapshot.ubuntu.com/ubuntu/20261101T235959Z"
    suites  = "noble noble-updates noble-security"
    keyring = "/usr/share/keyrings/ubuntu-archive-keyring.gpg"
  }]
  proxy = {
    url               = "http://proxy.aws-tokyo.example.internal:3128"
    port              = 3128
    security_group_id = "sg-2"
    exceptions        = ["localhost", "169.254.169.254", "sts.ap-northeast-1.amazonaws.com"]
  }

  repository = "example/fleet"
  label      = "example-runner"
  app        = "Iv23liExample"
  app_key    = "example/github-app"

  run_as            = "ops"
  session_log_group = "/example/sessions"
  session_bucket    = "example-sessions-123456789012-ap-northeast-1"
  session_key_alias = "example-sessions"
}
