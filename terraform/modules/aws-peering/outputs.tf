output "connection_id" {
  description = "The id of the peering connection, once it is accepted."
  value       = aws_vpc_peering_connection_accepter.this.vpc_peering_connection_id
}
