package main

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// isComputed tells whether the attribute at a path is one that the cloud may fill in.
func isComputed(block *tfprotov6.SchemaBlock, path *tftypes.AttributePath) bool {
	steps := path.Steps()
	for index, step := range steps {
		name, isName := step.(tftypes.AttributeName)
		if !isName {
			continue // an element of a list, set or map of blocks
		}
		if attribute := findAttribute(block, string(name)); attribute != nil {
			// What is inside a list that the configuration gives is given, too.
			return attribute.Computed && index == len(steps)-1
		}
		nested := findBlock(block, string(name))
		if nested == nil {
			return false
		}
		block = nested.Block
	}
	return false
}

func findAttribute(block *tfprotov6.SchemaBlock, name string) *tfprotov6.SchemaAttribute {
	for _, attribute := range block.Attributes {
		if attribute.Name == name {
			return attribute
		}
	}
	return nil
}

func findBlock(block *tfprotov6.SchemaBlock, name string) *tfprotov6.SchemaNestedBlock {
	for _, nested := range block.BlockTypes {
		if nested.TypeName == name {
			return nested
		}
	}
	return nil
}

// withUnknowns makes unknown what the cloud would compute.
func withUnknowns(schema *tfprotov6.Schema, value tftypes.Value) (tftypes.Value, error) {
	return tftypes.Transform(value, func(path *tftypes.AttributePath, value tftypes.Value) (tftypes.Value, error) {
		if value.IsKnown() && value.IsNull() && isComputed(schema.Block, path) {
			return tftypes.NewValue(value.Type(), tftypes.UnknownValue), nil
		}
		return value, nil
	})
}

// withInventions gives a plausible value to what is unknown. Resources that differ get different ids, so that wiring one of
// them in place of another shows. The same resource gets the same ids every time.
func withInventions(typeName string, value tftypes.Value) (tftypes.Value, error) {
	// As text, since MessagePack has the keys of a map in another order each time.
	digest := sha256.Sum256([]byte(typeName + value.String()))
	inventor := inventor{typeName: typeName, suffix: hex.EncodeToString(digest[:6])}
	return tftypes.Transform(value, func(path *tftypes.AttributePath, value tftypes.Value) (tftypes.Value, error) {
		if value.IsKnown() {
			return value, nil
		}
		return inventor.invent(lastName(path), value.Type()), nil
	})
}

func lastName(path *tftypes.AttributePath) string {
	steps := path.Steps()
	for index := len(steps) - 1; index >= 0; index-- {
		if name, isName := steps[index].(tftypes.AttributeName); isName {
			return string(name)
		}
	}
	return ""
}

type inventor struct {
	typeName string
	suffix   string
}

func (i inventor) invent(name string, kind tftypes.Type) tftypes.Value {
	switch kind := kind.(type) {
	case tftypes.List:
		return tftypes.NewValue(kind, i.two(name, kind.ElementType))
	case tftypes.Set:
		return tftypes.NewValue(kind, i.two(name, kind.ElementType))
	case tftypes.Map:
		return tftypes.NewValue(kind, map[string]tftypes.Value{})
	case tftypes.Object:
		values := make(map[string]tftypes.Value, len(kind.AttributeTypes))
		for attribute, inner := range kind.AttributeTypes {
			values[attribute] = i.invent(attribute, inner)
		}
		return tftypes.NewValue(kind, values)
	}
	switch {
	case kind.Is(tftypes.Number):
		return tftypes.NewValue(tftypes.Number, 1)
	case kind.Is(tftypes.Bool):
		return tftypes.NewValue(tftypes.Bool, false)
	default:
		return tftypes.NewValue(tftypes.String, i.text(name))
	}
}

// two gives two words for a list of words, and nothing for any other list.
func (i inventor) two(name string, element tftypes.Type) []tftypes.Value {
	if !element.Is(tftypes.String) {
		return []tftypes.Value{}
	}
	word := i.text(name)
	return []tftypes.Value{
		tftypes.NewValue(tftypes.String, word+"-1"),
		tftypes.NewValue(tftypes.String, word+"-2"),
	}
}

func (i inventor) text(name string) string {
	switch {
	case strings.HasSuffix(name, "arn"):
		return "arn:aws:service:region:123456789012:" + i.typeName + "-" + i.suffix
	case strings.HasSuffix(name, "json"):
		return "{}"
	case name == "email":
		return "account-" + i.suffix + "@example.com"
	case name == "cidr_block", name == "ip_cidr_range":
		return "10.0.0.0/16"
	default:
		return strings.ReplaceAll(i.typeName+"-"+name, "_", "-") + "-" + i.suffix
	}
}
