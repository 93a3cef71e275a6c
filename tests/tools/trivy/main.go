// Makes a small vulnerability database for Trivy, since the real one is not to be had where the checks run.
//
// Usage: trivy-db DIRECTORY UPDATED_AT < ADVISORIES
//
// Each line of the input is an advisory: source, package, id, severity and the version that mends it, separated by tabs;
// the version may be empty. The source is what Trivy calls a distribution's bucket, such as "debian 12".
package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aquasecurity/trivy-db/pkg/db"
	"github.com/aquasecurity/trivy-db/pkg/metadata"
	"github.com/aquasecurity/trivy-db/pkg/types"
	bolt "go.etcd.io/bbolt"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("usage: trivy-db DIRECTORY UPDATED_AT < ADVISORIES")
	}
	directory := filepath.Join(os.Args[1], "db")
	updated, err := time.Parse(time.RFC3339, os.Args[2])
	if err != nil {
		return err
	}
	if err := db.Init(directory); err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	err = db.Config{}.BatchUpdate(func(tx *bolt.Tx) error {
		for lines.Scan() {
			if err := put(tx, strings.Split(lines.Text(), "\t")); err != nil {
				return err
			}
		}
		return lines.Err()
	})
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	return metadata.NewClient(directory).Update(metadata.Metadata{
		Version: db.SchemaVersion, UpdatedAt: updated, NextUpdate: updated.Add(24 * time.Hour), DownloadedAt: updated,
	})
}

func put(tx *bolt.Tx, fields []string) error {
	if len(fields) != 5 {
		return fmt.Errorf("an advisory has five fields, not %d: %q", len(fields), fields)
	}
	source, name, id, fixed := fields[0], fields[1], fields[2], fields[4]
	severity, err := types.NewSeverity(fields[3])
	if err != nil {
		return err
	}
	config := db.Config{}
	if err := config.PutDataSource(tx, source, types.DataSource{ID: "debian", Name: "a database of the checks"}); err != nil {
		return err
	}
	advisory := types.Advisory{FixedVersion: fixed}
	// Advisories about a language's packages have ranges.
	if strings.Contains(source, "::") {
		advisory = types.Advisory{PatchedVersions: []string{fixed}, VulnerableVersions: []string{"< " + fixed}}
	}
	if err := config.PutAdvisory(tx, []string{source, name}, id, advisory); err != nil {
		return err
	}
	return config.PutVulnerability(tx, id, types.Vulnerability{Title: "of the checks", Severity: severity.String()})
}
