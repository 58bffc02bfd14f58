package main

import (
	"image"
	"image/color"
	"testing"
)

func TestReduce(t *testing.T) {
	picture := image.NewRGBA(image.Rect(0, 0, 300, 3))
	for x := range 300 {
		picture.Set(x, 0, color.RGBA{R: uint8(x), G: uint8(x / 256), A: 255}) // 300 colors
		picture.Set(x, 1, color.RGBA{B: 255, A: 255})
		picture.Set(x, 2, color.RGBA{R: 255, B: 255, A: 255})
	}
	reduced := reduce(picture)
	if n := len(reduced.Palette); n != 256 {
		t.Errorf("%d colors", n)
	}
	for x := range 300 {
		for y := 1; y < 3; y++ {
			if got, want := reduced.At(x, y), picture.At(x, y); got != want {
				t.Fatalf("%d, %d: %v, not %v", x, y, got, want)
			}
		}
		got, want := reduced.At(x, 0).(color.RGBA), picture.RGBAAt(x, 0)
		if d := max(got.R, want.R) - min(got.R, want.R); d > 64 || got.B > 0 {
			t.Errorf("%d: %v, far from %v", x, got, want)
		}
	}
}
