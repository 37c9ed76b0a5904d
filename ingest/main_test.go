package ingest_test

import (
	"testing"

	"comptesante/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }
