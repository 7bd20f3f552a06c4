// Argo CD's application controller and repo server, and a Redis for them, in one program:
// the parts that make up "Argo CD core", without its containers, its API server or its web interface.
package main

import (
	"fmt"
	"os"

	"github.com/alicebob/miniredis/v2"
	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/spf13/cobra"
)

func redis() *cobra.Command {
	var address string
	command := &cobra.Command{
		Use:   "redis",
		Short: "a Redis in memory",
		RunE: func(*cobra.Command, []string) error {
			if err := miniredis.NewMiniRedis().StartAddr(address); err != nil {
				return err
			}
			select {}
		},
	}
	command.Flags().StringVar(&address, "address", "127.0.0.1:6379", "where it listens")
	return command
}

func main() {
	root := &cobra.Command{Use: "argocd", SilenceUsage: true}
	root.AddCommand(controller.NewCommand(), reposerver.NewCommand(), redis())
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
