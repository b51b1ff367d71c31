// Command catalog serves the list of products.
package main

import (
	"fmt"
	"os"

	"github.com/dgrijalva/jwt-go"
	"gopkg.in/yaml.v2"
)

type product struct {
	ID    string `yaml:"id"`
	Name  string `yaml:"name"`
	Cents int    `yaml:"cents"`
}

func main() {
	var products []product
	if err := yaml.NewDecoder(os.Stdin).Decode(&products); err != nil {
		fmt.Fprintln(os.Stderr, "catalog:", err)
		os.Exit(1)
	}
	for _, item := range products {
		claims := jwt.MapClaims{"sub": item.ID, "cents": item.Cents}
		fmt.Println(item.Name, jwt.NewWithClaims(jwt.SigningMethodHS256, claims).Header["alg"])
	}
}
