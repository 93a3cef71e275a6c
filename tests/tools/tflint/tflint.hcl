# Every rule of the bundled ruleset, but for the two below.
plugin "terraform" {
  enabled = true
  preset  = "all"
}

# Resources stand by subject: access.tf, scaling.tf. Roots have neither variables nor outputs.
rule "terraform_standard_module_structure" {
  enabled = false
}

# Generated roots name each module after its group, whose name has hyphens.
rule "terraform_naming_convention" {
  enabled = false
}
