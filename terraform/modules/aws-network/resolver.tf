# DNS is a way out, too: a name can carry data to whoever owns its domain. The resolver answers only what the fleet needs.

resource "aws_route53_resolver_firewall_domain_list" "allowed" {
  name = "${var.name}-allowed"
  domains = sort(distinct(concat(
    ["*.amazonaws.com", "*.${var.zone_name}", "*.compute.internal", "*.ec2.internal"],
    # Names of private addresses. Whoever holds other addresses answers for them, and could be told anything.
    [for cidr in concat([var.cidr], local.outside) : "*.${join(".", reverse(slice(split(".", cidrhost(cidr, 0)), 0, tonumber(split("/", cidr)[1]) < 16 ? 1 : 2)))}.in-addr.arpa"],
    # The proxy resolves what it connects to. A domain with a leading dot means its subdomains as well.
    flatten([for domain in concat(var.domains, flatten([for destination in var.destinations : destination.domains])) : startswith(domain, ".") ? [trimprefix(domain, "."), "*${domain}"] : [domain]]),
  )))
  tags = local.tags
}

resource "aws_route53_resolver_firewall_domain_list" "others" {
  name    = "${var.name}-others"
  domains = ["*"]
  tags    = local.tags
}

resource "aws_route53_resolver_firewall_rule_group" "this" {
  name = var.name
  tags = local.tags
}

resource "aws_route53_resolver_firewall_rule" "allow" {
  name                    = "allowed"
  firewall_rule_group_id  = aws_route53_resolver_firewall_rule_group.this.id
  firewall_domain_list_id = aws_route53_resolver_firewall_domain_list.allowed.id
  priority                = 100
  action                  = "ALLOW"
  # An allowed name may lead to another one, such as a content network's.
  firewall_domain_redirection_action = "TRUST_REDIRECTION_DOMAIN"
}

resource "aws_route53_resolver_firewall_rule" "block" {
  name                    = "others"
  firewall_rule_group_id  = aws_route53_resolver_firewall_rule_group.this.id
  firewall_domain_list_id = aws_route53_resolver_firewall_domain_list.others.id
  priority                = 200
  action                  = "BLOCK"
  block_response          = "NXDOMAIN"
}

resource "aws_route53_resolver_firewall_rule_group_association" "this" {
  name                   = var.name
  firewall_rule_group_id = aws_route53_resolver_firewall_rule_group.this.id
  vpc_id                 = aws_vpc.this.id
  # AWS refuses 100 and below.
  priority = 101
  tags     = local.tags
}

resource "aws_route53_resolver_firewall_config" "this" {
  resource_id = aws_vpc.this.id
  # When the firewall fails, names do not resolve.
  firewall_fail_open = "DISABLED"
}

# What was asked, and what was blocked.
resource "aws_cloudwatch_log_group" "dns" {
  name              = "/${var.name}/dns"
  retention_in_days = var.log_retention_days
  kms_key_id        = data.aws_kms_alias.logs.target_key_arn
  tags              = local.tags
}

resource "aws_route53_resolver_query_log_config" "this" {
  name            = var.name
  destination_arn = aws_cloudwatch_log_group.dns.arn
  tags            = local.tags
}

resource "aws_route53_resolver_query_log_config_association" "this" {
  resolver_query_log_config_id = aws_route53_resolver_query_log_config.this.id
  resource_id                  = aws_vpc.this.id
}
