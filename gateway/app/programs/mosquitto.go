package programs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coldchain/gateway/mqtt/mosquittotest"
)

// Secret is the file with the password of a user of a broker that Mosquitto
// set up in this folder.
func Secret(folder, user string) string { return filepath.Join(folder, user+".secret") }

// Password is that user's password.
func Password(user string) string { return "secret-of-" + user }

// Mosquitto runs the real broker with the configuration, access list and
// passwords that a county would use. Its files lie in folder.
func Mosquitto(t testing.TB, folder string, persistence bool, users ...string) *mosquittotest.Broker {
	t.Helper()
	deploy := filepath.Join(Repository(t), "deploy", "mosquitto")
	passwords := WriteFile(t, filepath.Join(folder, "passwd"), "")
	tool := Need(t, "mosquitto_passwd")
	for _, user := range append([]string{"collector"}, users...) {
		Run(t, tool, "-b", passwords, user, Password(user))
		WriteFile(t, Secret(folder, user), Password(user)+"\n")
	}
	acl := WriteFile(t, filepath.Join(folder, "acl"), ReadFile(t, filepath.Join(deploy, "acl")))
	conf := strings.NewReplacer("/etc/mosquitto/coldchain.passwd", passwords, "/etc/mosquitto/coldchain.acl", acl).
		Replace(ReadFile(t, filepath.Join(deploy, "coldchain.conf")))
	if persistence {
		conf += "\npersistence_location " + folder + "/\n"
	} else {
		conf = strings.Replace(conf, "persistence true", "persistence false", 1)
	}
	if os.Getuid() == 0 {
		conf += "user root\n" // the test's folders are root's
	}
	return mosquittotest.Start(t, conf)
}
