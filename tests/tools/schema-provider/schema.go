package main

import (
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// recorded is what `terraform providers schema -json` says of one provider.
type recorded struct {
	Config      recordedSchema            `json:"config"`
	Resources   map[string]recordedSchema `json:"resource_schemas"`
	DataSources map[string]recordedSchema `json:"data_source_schemas"`
}

type recordedSchema struct {
	Version int64         `json:"version"`
	Block   recordedBlock `json:"block"`
}

type recordedBlock struct {
	Attributes map[string]recordedAttribute   `json:"attributes"`
	BlockTypes map[string]recordedNestedBlock `json:"block_types"`
}

type recordedAttribute struct {
	Type      json.RawMessage `json:"type"`
	Required  bool            `json:"required"`
	Optional  bool            `json:"optional"`
	Computed  bool            `json:"computed"`
	Sensitive bool            `json:"sensitive"`
}

type recordedNestedBlock struct {
	NestingMode string        `json:"nesting_mode"`
	Block       recordedBlock `json:"block"`
	MinItems    int64         `json:"min_items"`
	MaxItems    int64         `json:"max_items"`
}

func convertAll(from map[string]recordedSchema) (map[string]*tfprotov6.Schema, error) {
	to := make(map[string]*tfprotov6.Schema, len(from))
	for name, schema := range from {
		converted, err := convert(schema)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		to[name] = converted
	}
	return to, nil
}

func convert(from recordedSchema) (*tfprotov6.Schema, error) {
	block, err := convertBlock(from.Block)
	return &tfprotov6.Schema{Version: from.Version, Block: block}, err
}

func convertBlock(from recordedBlock) (*tfprotov6.SchemaBlock, error) {
	block := &tfprotov6.SchemaBlock{}
	for name, attribute := range from.Attributes {
		//nolint:staticcheck // the only reader of types as the schema command writes them
		kind, err := tftypes.ParseJSONType(attribute.Type)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		block.Attributes = append(block.Attributes, &tfprotov6.SchemaAttribute{
			Name: name, Type: kind,
			Required: attribute.Required, Optional: attribute.Optional, Computed: attribute.Computed,
			Sensitive: attribute.Sensitive,
		})
	}
	modes := map[string]tfprotov6.SchemaNestedBlockNestingMode{
		"single": tfprotov6.SchemaNestedBlockNestingModeSingle,
		"list":   tfprotov6.SchemaNestedBlockNestingModeList,
		"set":    tfprotov6.SchemaNestedBlockNestingModeSet,
		"map":    tfprotov6.SchemaNestedBlockNestingModeMap,
		"group":  tfprotov6.SchemaNestedBlockNestingModeGroup,
	}
	for name, nested := range from.BlockTypes {
		mode, known := modes[nested.NestingMode]
		if !known {
			return nil, fmt.Errorf("block %s: unknown nesting mode %q", name, nested.NestingMode)
		}
		inner, err := convertBlock(nested.Block)
		if err != nil {
			return nil, fmt.Errorf("block %s: %w", name, err)
		}
		block.BlockTypes = append(block.BlockTypes, &tfprotov6.SchemaNestedBlock{
			TypeName: name, Block: inner, Nesting: mode, MinItems: nested.MinItems, MaxItems: nested.MaxItems,
		})
	}
	return block, nil
}
