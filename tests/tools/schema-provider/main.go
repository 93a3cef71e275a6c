// Command schema-provider is a Terraform provider that knows the schema of a real one and nothing else.
//
// It serves a recorded schema over protocol 6, answers plans with the proposed state, and invents what a cloud would
// compute. Real `terraform init`, `validate`, `plan`, `apply` and `test` work with it where neither the registry nor an
// account is within reach. Which schema it serves follows from the name it is started under: terraform-provider-aws or
// terraform-provider-google.
package main

import (
	"embed"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

//go:embed schemas/*.json
var schemas embed.FS

func main() {
	name := filepath.Base(os.Args[0])
	name, _, _ = strings.Cut(strings.TrimPrefix(name, "terraform-provider-"), "_")
	recorded, err := schemas.ReadFile("schemas/" + name + ".json")
	if err != nil {
		log.Fatalf("%s: started under a name that is not one of a recorded provider: %v", os.Args[0], err)
	}
	provider, err := newProvider(recorded)
	if err != nil {
		log.Fatalf("the recorded schema of %s cannot be read: %v", name, err)
	}
	address := fmt.Sprintf("registry.terraform.io/hashicorp/%s", name)
	if err := tf6server.Serve(address, func() tfprotov6.ProviderServer { return provider }); err != nil {
		log.Fatal(err)
	}
}
