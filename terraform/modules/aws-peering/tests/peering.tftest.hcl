mock_provider "aws" {}

variables {
  name           = "example-aws-tokyo"
  vpc_id         = "vpc-1"
  route_table_id = "rtb-1"
  cidr           = "10.16.0.0/16"
  peer           = { name = "example-aws-oregon", region = "us-west-2", cidr = "10.32.0.0/16" }
}

run "both_sides_have_a_route" {
  command = plan

  assert {
    condition     = aws_route.to_peer.destination_cidr_block == "10.32.0.0/16" && aws_route.from_peer.destination_cidr_block == "10.16.0.0/16"
    error_message = "each side's route leads to the other's addresses"
  }

  assert {
    condition     = aws_route.from_peer.region == "us-west-2" && aws_vpc_peering_connection_accepter.this.region == "us-west-2"
    error_message = "the other side is in its own region"
  }
}

run "a_peer_with_the_same_addresses_is_refused" {
  command = plan

  variables {
    peer = { name = "example-aws-oregon", region = "us-west-2", cidr = "10.16.0.0/16" }
  }

  expect_failures = [var.peer]
}
