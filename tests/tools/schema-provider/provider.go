package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// provider answers what Terraform asks while it plans and applies. Calls that Terraform makes for features that no module
// here uses are not answered: the embedded interface is nil, and such a call ends the program.
type provider struct {
	tfprotov6.ProviderServer
	config      *tfprotov6.Schema
	resources   map[string]*tfprotov6.Schema
	dataSources map[string]*tfprotov6.Schema
}

func newProvider(text []byte) (*provider, error) {
	var from recorded
	if err := json.Unmarshal(text, &from); err != nil {
		return nil, err
	}
	config, err := convert(from.Config)
	if err != nil {
		return nil, err
	}
	resources, err := convertAll(from.Resources)
	if err != nil {
		return nil, err
	}
	dataSources, err := convertAll(from.DataSources)
	if err != nil {
		return nil, err
	}
	return &provider{config: config, resources: resources, dataSources: dataSources}, nil
}

func failed(err error) []*tfprotov6.Diagnostic {
	return []*tfprotov6.Diagnostic{{
		Severity: tfprotov6.DiagnosticSeverityError, Summary: "schema-provider", Detail: err.Error(),
	}}
}

func (p *provider) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (*tfprotov6.GetMetadataResponse, error) {
	response := &tfprotov6.GetMetadataResponse{ServerCapabilities: capabilities()}
	for name := range p.resources {
		response.Resources = append(response.Resources, tfprotov6.ResourceMetadata{TypeName: name})
	}
	for name := range p.dataSources {
		response.DataSources = append(response.DataSources, tfprotov6.DataSourceMetadata{TypeName: name})
	}
	return response, nil
}

func capabilities() *tfprotov6.ServerCapabilities {
	return &tfprotov6.ServerCapabilities{GetProviderSchemaOptional: true, PlanDestroy: false}
}

func (p *provider) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &tfprotov6.GetProviderSchemaResponse{
		ServerCapabilities: capabilities(),
		Provider:           p.config,
		ResourceSchemas:    p.resources,
		DataSourceSchemas:  p.dataSources,
	}, nil
}

func (p *provider) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{}, nil
}

func (p *provider) ValidateProviderConfig(_ context.Context, request *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: request.Config}, nil
}

func (p *provider) ConfigureProvider(context.Context, *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return &tfprotov6.ConfigureProviderResponse{}, nil
}

func (p *provider) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

func (p *provider) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (p *provider) ValidateDataResourceConfig(context.Context, *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{}, nil
}

// UpgradeResourceState reads a state as it is: a recorded schema has one version.
func (p *provider) UpgradeResourceState(_ context.Context, request *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	response := &tfprotov6.UpgradeResourceStateResponse{}
	schema, known := p.resources[request.TypeName]
	if !known {
		response.Diagnostics = failed(fmt.Errorf("unknown resource %s", request.TypeName))
		return response, nil
	}
	kind := schema.ValueType()
	value, err := request.RawState.Unmarshal(kind)
	if err != nil {
		response.Diagnostics = failed(err)
		return response, nil
	}
	state, err := tfprotov6.NewDynamicValue(kind, value)
	if err != nil {
		response.Diagnostics = failed(err)
	}
	response.UpgradedState = &state
	return response, nil
}

// ReadResource finds the world as the state says it is; tests change the state to change the world.
func (p *provider) ReadResource(_ context.Context, request *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return &tfprotov6.ReadResourceResponse{NewState: request.CurrentState, Private: request.Private}, nil
}

func (p *provider) PlanResourceChange(_ context.Context, request *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	response := &tfprotov6.PlanResourceChangeResponse{PlannedPrivate: request.PriorPrivate}
	schema := p.resources[request.TypeName]
	planned, err := rewrite(schema, request.ProposedNewState, func(value tftypes.Value) (tftypes.Value, error) {
		return withUnknowns(schema, value)
	})
	if err != nil {
		response.Diagnostics = failed(err)
	}
	response.PlannedState = planned
	return response, nil
}

func (p *provider) ApplyResourceChange(_ context.Context, request *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	response := &tfprotov6.ApplyResourceChangeResponse{Private: request.PlannedPrivate}
	state, err := rewrite(p.resources[request.TypeName], request.PlannedState, func(value tftypes.Value) (tftypes.Value, error) {
		return withInventions(request.TypeName, value)
	})
	if err != nil {
		response.Diagnostics = failed(err)
	}
	response.NewState = state
	return response, nil
}

func (p *provider) ReadDataSource(_ context.Context, request *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	response := &tfprotov6.ReadDataSourceResponse{}
	schema := p.dataSources[request.TypeName]
	state, err := rewrite(schema, request.Config, func(value tftypes.Value) (tftypes.Value, error) {
		value, err := withUnknowns(schema, value)
		if err != nil {
			return value, err
		}
		return withInventions(request.TypeName, value)
	})
	if err != nil {
		response.Diagnostics = failed(err)
	}
	response.State = state
	return response, nil
}

// rewrite changes a value on its way through; a value that is to be destroyed stays as it is.
func rewrite(schema *tfprotov6.Schema, from *tfprotov6.DynamicValue, change func(tftypes.Value) (tftypes.Value, error)) (*tfprotov6.DynamicValue, error) {
	kind := schema.ValueType()
	value, err := from.Unmarshal(kind)
	if err != nil || value.IsNull() {
		return from, err
	}
	if value, err = change(value); err != nil {
		return nil, err
	}
	to, err := tfprotov6.NewDynamicValue(kind, value)
	return &to, err
}
