package audit

import (
	"fmt"
	"strings"
)

// chart is a picture of numbers, with the table that says the same.
type chart struct {
	ID, Title     string
	X, Y          string // what the columns of the table are
	Max, Min      string // what the top and the bottom are
	From, To      string // what the left and the right are
	Bars          []bar
	Line, Area    string // paths
	Points        []point
	Empty, Remark string
}

// point is one row of the table.
type point struct {
	X, Y     float64
	XT, YT   string // as text
	Position uint64
}

type bar struct{ X, Y, Width, Height float64 }

// The size of a picture, in its own units. It is stretched to the room that it has.
const (
	chartWidth  = 600.0
	chartHeight = 120.0
)

// scale returns where points are in the picture: x from the first to the last, y from
// 0 to the greatest.
func scale(points []point) (at []point, top float64) {
	for _, p := range points {
		top = max(top, p.Y)
	}
	left, right := points[0].X, points[len(points)-1].X
	for _, p := range points {
		x, y := chartWidth/2, chartHeight
		if right > left {
			x = (p.X - left) / (right - left) * chartWidth
		}
		if top > 0 {
			y = chartHeight - p.Y/top*chartHeight
		}
		at = append(at, point{X: x, Y: y})
	}
	return at, top
}

// drawLine draws points as a line with the area below it.
func (c *chart) drawLine(points []point) {
	c.Points = points
	if len(points) == 0 {
		return
	}
	at, _ := scale(points)
	var b strings.Builder
	for i, p := range at {
		command := byte('L')
		if i == 0 {
			command = 'M'
		}
		fmt.Fprintf(&b, "%c%.1f %.1f", command, p.X, p.Y)
	}
	c.Line = b.String()
	c.Area = fmt.Sprintf("%sL%.1f %.1fL%.1f %.1fZ", c.Line, at[len(at)-1].X, chartHeight, at[0].X, chartHeight)
}

// drawBars draws a bar for each point, all of the same width.
func (c *chart) drawBars(points []point) {
	c.Points = points
	if len(points) == 0 {
		return
	}
	at, _ := scale(points)
	step := chartWidth / float64(max(len(points), 12))
	offset := chartWidth - step*float64(len(points))
	for i, p := range at {
		height := max(chartHeight-p.Y, 1)
		c.Bars = append(c.Bars, bar{X: round(offset + step*float64(i) + step*0.12), Y: round(chartHeight - height), Width: round(step * 0.76), Height: round(height)})
	}
}

func round(f float64) float64 { return float64(int(f*10+0.5)) / 10 }
