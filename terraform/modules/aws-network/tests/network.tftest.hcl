mock_provider "aws" {}

variables {
  name          = "example-aws-tokyo"
  account       = "123456789012"
  region        = "ap-northeast-1"
  cidr          = "10.16.0.0/16"
  zone_name     = "aws-tokyo.example.internal"
  log_key_alias = "example-logs"
  tags          = { team = "platform" }

  subnets = {
    machines-ap-northeast-1a = { tier = "machines", zone = "ap-northeast-1a", cidr = "10.16.0.0/19" }
    machines-ap-northeast-1c = { tier = "machines", zone = "ap-northeast-1c", cidr = "10.16.32.0/19" }
    proxy-ap-northeast-1a    = { tier = "proxy", zone = "ap-northeast-1a", cidr = "10.16.192.0/22" }
  }
}

run "only_the_proxy_has_a_way_out" {
  command = plan

  assert {
    condition     = aws_route.proxy_to_internet.destination_cidr_block == "0.0.0.0/0" && aws_nat_gateway.this.availability_mode == "regional"
    error_message = "the proxy's subnets lead to the NAT gateway, which needs no public subnet"
  }

  assert {
    condition     = length(aws_route.edge_to_internet) == 0 && length(aws_route_table.edge) == 0
    error_message = "without public load balancers, nothing leads to the internet gateway"
  }

  assert {
    condition     = toset(keys(aws_route_table_association.private)) == toset(["machines-ap-northeast-1a", "machines-ap-northeast-1c"]) && keys(aws_route_table_association.proxy) == ["proxy-ap-northeast-1a"]
    error_message = "each subnet has the routes of its tier"
  }

  assert {
    condition     = alltrue([for subnet in values(aws_subnet.this) : !subnet.map_public_ip_on_launch])
    error_message = "no machine gets a public address"
  }
}

run "destinations_pass_both_ways" {
  command = plan

  variables {
    peer_cidrs = ["10.32.0.0/16"]
    destinations = {
      databases = { cidrs = ["10.200.8.0/24"], gateway = "tgw-0a1b2c3d4e5f60711", domains = [".db.example.com"] }
      office    = { cidrs = ["192.168.0.0/16"] }
    }
  }

  assert {
    condition     = keys(aws_route.destination) == ["10.200.8.0/24"] && aws_route.destination["10.200.8.0/24"].transit_gateway_id == "tgw-0a1b2c3d4e5f60711" && aws_route.destination["10.200.8.0/24"].gateway_id == null
    error_message = "there is a route where fleet.yaml names a gateway"
  }

  assert {
    condition     = alltrue([for rules in [aws_network_acl.this["machines"].ingress, aws_network_acl.this["machines"].egress] : length(setsubtract(["10.16.0.0/16", "10.32.0.0/16", "10.200.8.0/24", "192.168.0.0/16"], [for rule in rules : rule.cidr_block if rule.protocol == "-1"])) == 0])
    error_message = "the subnets let destinations pass"
  }

  assert {
    condition     = length(setintersection(aws_route53_resolver_firewall_domain_list.allowed.domains, ["*.db.example.com", "db.example.com", "*.200.10.in-addr.arpa"])) == 3
    error_message = "the resolver answers the names of destinations"
  }
}

run "udp_from_the_internet_passes_on_its_ports_only" {
  command = plan

  variables {
    subnets        = merge(var.subnets, { "edge-ap-northeast-1a" = { tier = "edge", zone = "ap-northeast-1a", cidr = "10.16.208.0/21" } })
    edge_udp_ports = [5000]
    udp_ports      = [5001]
  }

  assert {
    condition     = [for rule in aws_network_acl.this["machines"].ingress : rule.from_port if rule.protocol == "udp"] == [5001] && [for rule in aws_network_acl.this["edge"].ingress : rule.from_port if rule.protocol == "udp" && rule.cidr_block == "0.0.0.0/0"] == [5000]
    error_message = "clients reach the listener's port, and their packets the machines' port"
  }
}

run "gateways_of_other_kinds_are_refused" {
  command = plan

  variables {
    destinations = { all = { cidrs = ["10.0.0.0/8"], gateway = "igw-0a1b2c3d4e5f60711" } }
  }

  expect_failures = [var.destinations]
}

run "names_and_tags_are_what_others_look_up" {
  command = plan

  assert {
    condition     = aws_vpc.this.tags.Name == "example-aws-tokyo" && aws_subnet.this["machines-ap-northeast-1a"].tags.tier == "machines"
    error_message = "aws-network-lookup finds the VPC by Name and the subnets by tier"
  }

  assert {
    condition     = aws_vpc.this.tags.team == "platform"
    error_message = "the user's tags are on every resource"
  }
}

run "sessions_have_their_endpoints" {
  command = plan

  variables {
    endpoints = ["ecr.api"]
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["ec2messages", "ecr.api", "kms", "logs", "ssm", "ssmmessages"])
    error_message = "sessions need five endpoints, whatever is listed"
  }

  assert {
    condition     = alltrue([for endpoint in values(aws_vpc_endpoint.interface) : endpoint.private_dns_enabled])
    error_message = "programs find the endpoints by AWS's usual names"
  }
}

run "jobs_on_a_runner_get_their_roles" {
  command = plan

  variables {
    subnets      = merge(var.subnets, { "runner-ap-northeast-1a" = { tier = "runner", zone = "ap-northeast-1a", cidr = "10.16.240.0/22" } })
    endpoints    = ["sts"]
    job_accounts = ["111122223333"]
  }

  assert {
    # Requests with GitHub's token have no account.
    condition = jsondecode(aws_vpc_endpoint.interface["sts"].policy).Statement[1] == {
      Sid       = "RolesOfJobs"
      Effect    = "Allow"
      Principal = "*"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Resource  = ["arn:aws:iam::123456789012:role/*", "arn:aws:iam::111122223333:role/*"]
    }
    error_message = "roles of the fleet's accounts, and of no others"
  }

  assert {
    condition     = jsondecode(aws_vpc_endpoint.interface["kms"].policy).Statement[0].Condition.StringEquals["aws:PrincipalAccount"] == ["123456789012", "111122223333"]
    error_message = "and what these roles may do"
  }

  assert {
    condition     = length(jsondecode(aws_vpc_endpoint.interface["kms"].policy).Statement) == 1 && jsondecode(aws_vpc_endpoint.interface["ssmmessages"].policy).Statement[1].Condition == { Null = { "aws:PrincipalAccount" = "true" } }
    error_message = "requests without an account reach roles and sessions only"
  }
}

run "endpoints_are_for_the_accounts_own_identities" {
  command = plan

  variables {
    endpoints = ["ecr.api", "xray"]
  }

  assert {
    condition     = alltrue([for service in ["ecr.api", "kms", "logs", "ssm", "ssmmessages"] : jsondecode(aws_vpc_endpoint.interface[service].policy).Statement[0].Condition.StringEquals["aws:PrincipalAccount"] == ["123456789012"]])
    error_message = "credentials of another account are of no use in the network"
  }
}

run "s3_is_not_a_way_out" {
  command = plan

  variables {
    buckets = ["example-fleet-artifacts"]
  }

  assert {
    condition     = length(jsondecode(aws_vpc_endpoint.s3.policy).Statement) == 2 && jsondecode(aws_vpc_endpoint.s3.policy).Statement[1].Condition.StringEquals["aws:PrincipalAccount"] == ["123456789012"]
    error_message = "only the account's own identities reach its buckets"
  }

  assert {
    condition     = alltrue(flatten([for statement in jsondecode(aws_vpc_endpoint.s3.policy).Statement : [for resource in flatten([statement.Resource]) : !strcontains(resource, ":::*")]]))
    error_message = "every bucket is named"
  }
}

run "the_proxy_reaches_no_private_network" {
  command = plan

  assert {
    condition     = length([for rule in aws_network_acl.this["proxy"].egress : rule if rule.action == "deny"]) == 5
    error_message = "all private ranges are denied"
  }

  assert {
    condition     = max([for rule in aws_network_acl.this["proxy"].egress : rule.rule_no if rule.action == "deny"]...) < one([for rule in aws_network_acl.this["proxy"].egress : rule.rule_no if rule.cidr_block == "0.0.0.0/0"])
    error_message = "the denials come before the internet"
  }
}

run "dns_answers_what_the_fleet_needs" {
  command = plan

  variables {
    domains = ["download.docker.com", ".ubuntu.com"]
  }

  assert {
    condition     = aws_route53_resolver_firewall_domain_list.allowed.domains == toset(["*.16.10.in-addr.arpa", "*.amazonaws.com", "*.aws-tokyo.example.internal", "*.compute.internal", "*.ec2.internal", "*.ubuntu.com", "download.docker.com", "ubuntu.com"])
    error_message = "the proxy's domains, AWS's and the network's own"
  }

  assert {
    condition     = aws_route53_resolver_firewall_rule.allow.priority < aws_route53_resolver_firewall_rule.block.priority && aws_route53_resolver_firewall_config.this.firewall_fail_open == "DISABLED"
    error_message = "everything else is blocked, also when the firewall fails"
  }
}

run "a_network_that_builds_images" {
  command = plan

  variables {
    subnets = {
      build-ap-northeast-1a    = { tier = "build", zone = "ap-northeast-1a", cidr = "10.16.128.0/20" }
      machines-ap-northeast-1a = { tier = "machines", zone = "ap-northeast-1a", cidr = "10.16.0.0/19" }
      proxy-ap-northeast-1a    = { tier = "proxy", zone = "ap-northeast-1a", cidr = "10.16.192.0/22" }
    }
  }

  assert {
    condition     = aws_security_group.build[0].name == "example-aws-tokyo-build" && length(aws_vpc_security_group_egress_rule.build) == 3
    error_message = "builds reach endpoints, proxy and S3, and nothing reaches them"
  }

  assert {
    condition     = contains(keys(aws_route_table_association.private), "build-ap-northeast-1a")
    error_message = "builds are as private as machines"
  }
}

run "public_load_balancers_have_their_own_subnets" {
  command = plan

  variables {
    subnets = {
      edge-ap-northeast-1a     = { tier = "edge", zone = "ap-northeast-1a", cidr = "10.16.208.0/21" }
      machines-ap-northeast-1a = { tier = "machines", zone = "ap-northeast-1a", cidr = "10.16.0.0/19" }
      proxy-ap-northeast-1a    = { tier = "proxy", zone = "ap-northeast-1a", cidr = "10.16.192.0/22" }
    }
  }

  assert {
    condition     = toset([for rule in aws_network_acl.this["edge"].ingress : rule.to_port if rule.cidr_block == "0.0.0.0/0"]) == toset([80, 443])
    error_message = "the internet connects to the listeners' ports only"
  }

  assert {
    condition     = keys(aws_route_table_association.edge) == ["edge-ap-northeast-1a"] && length(aws_route.edge_to_internet) == 1
    error_message = "only they lead to the internet gateway"
  }
}

run "an_unknown_tier_is_refused" {
  command = plan

  variables {
    subnets = {
      public-ap-northeast-1a   = { tier = "public", zone = "ap-northeast-1a", cidr = "10.16.208.0/21" }
      machines-ap-northeast-1a = { tier = "machines", zone = "ap-northeast-1a", cidr = "10.16.0.0/19" }
      proxy-ap-northeast-1a    = { tier = "proxy", zone = "ap-northeast-1a", cidr = "10.16.192.0/22" }
    }
  }

  expect_failures = [var.subnets]
}

run "a_public_zone_is_refused" {
  command = plan

  variables {
    zone_name = "example.com"
  }

  expect_failures = [var.zone_name]
}

run "an_edge_with_ssh_is_refused" {
  command = plan

  variables {
    edge_ports = [22, 443]
  }

  expect_failures = [var.edge_ports]
}
