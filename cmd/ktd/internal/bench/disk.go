package bench

import (
	"io/fs"
	"path/filepath"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
)

// storeBytes returns the disk space of the store of a closed instance. It opens
// the instance once more: the store then sorts what was in its log only into
// tables, as any store does sooner or later.
func storeBytes(dir string) (int64, error) {
	inst, err := open(dir)
	if err != nil {
		return 0, err
	}
	if err := inst.Close(); err != nil {
		return 0, err
	}
	total := int64(0)
	err = filepath.WalkDir(filepath.Join(dir, instance.StoreDir), func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			total += allocated(info)
		}
		return err
	})
	return total, err
}
