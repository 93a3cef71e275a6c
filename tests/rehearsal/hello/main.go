// Hello is the application of the rehearsal: it answers every request on a port of the machine itself.
package main

import (
	"fmt"
	"log"
	"net/http"
	"time"
)

func main() {
	server := &http.Server{
		Addr:              "127.0.0.1:18081",
		ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(answer, "hello")
		}),
	}
	log.Fatal(server.ListenAndServe())
}
