// Command checkout turns a cart into an order.
package main

import (
	"fmt"
	"os"

	"golang.org/x/net/idna"
	"golang.org/x/text/language"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: checkout SHOP-HOST ACCEPT-LANGUAGE")
		os.Exit(2)
	}
	host, err := idna.Lookup.ToASCII(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "checkout:", err)
		os.Exit(1)
	}
	tags, _, err := language.ParseAcceptLanguage(os.Args[2])
	if err != nil || len(tags) == 0 {
		tags = []language.Tag{language.English}
	}
	fmt.Printf("order confirmation for %s in %s\n", host, tags[0])
}
