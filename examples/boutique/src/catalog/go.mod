module boutique.example/catalog

go 1.22

require (
	github.com/dgrijalva/jwt-go v3.2.0+incompatible
	gopkg.in/yaml.v2 v2.2.3
)
