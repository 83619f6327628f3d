// A health-only port in Go, and all that it takes to have it compared: go build, then
// monolith-parity run --peer examples/go-port/go-port.
//
// Its hello says which channels and which kinds of hooks, faults and steps it has, so it is
// given nothing else and needs no list of what it lacks.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strconv"
)

// [start:port]

const (
	pollMs       = 30_000
	defaultLimit = int64(1) << 62
)

type result struct {
	PS      int    `json:"ps"`
	Status  string `json:"status"`
	Message string `json:"message"`
}

// Watch is the port itself: it polls every PS, reports the unhealthy ones once, and places the
// barrier.
type watch struct {
	rss     []int64
	limits  []int64
	nextMs  int64
	alarmed bool
}

func (w *watch) poll() []result {
	var unhealthy []result
	for ps, rss := range w.rss {
		if limit := w.limits[ps]; rss >= limit {
			unhealthy = append(unhealthy, result{ps, "OUT_OF_MEMORY", "Memory limit exceeded. Current: " +
				strconv.FormatInt(rss, 10) + ", Limit: " + strconv.FormatInt(limit, 10)})
		}
	}
	return unhealthy
}

// [end:port]
// [start:play]

type event map[string]any

type scenario struct {
	Cluster         struct{ PS int }
	GlobalStep      int64  `json:"global_step"`
	DefaultMemLimit *int64 `json:"default_mem_limit"`
	Machines        []struct {
		PS       int
		RSS      int64
		MemLimit *int64 `json:"mem_limit"`
	}
	Barrier struct{ Callbacks []string }
	Hooks   []map[string]json.RawMessage
	Steps   []struct {
		Train   int64
		Advance int64
		Fault   *struct {
			RSS *struct {
				PS    int
				Bytes int64
			}
		}
	}
}

// lacks says what no word of the protocol has a name for: options of hooks.
func (s scenario) lacks() string {
	if len(s.Barrier.Callbacks) > 0 {
		return "callbacks"
	}
	watches := 0
	for _, hook := range s.Hooks {
		if options, found := hook["ps_health"]; found {
			watches++
			var asked struct {
				Report  string
				Barrier bool
			}
			if json.Unmarshal(options, &asked) != nil || asked.Report != "record" || !asked.Barrier {
				return "options of ps_health"
			}
		}
	}
	for _, hook := range s.Hooks {
		var saver struct{ Listeners []string }
		if json.Unmarshal(hook["saver"], &saver) == nil && len(saver.Listeners) > 0 {
			return "listeners, which may wish to stop"
		}
	}
	if watches != 1 {
		return "another number of health hooks"
	}
	return ""
}

func (s scenario) play() ([]event, map[string]bool) {
	w := watch{rss: make([]int64, s.Cluster.PS), limits: make([]int64, s.Cluster.PS)}
	for ps := range w.limits {
		w.rss[ps], w.limits[ps] = 1<<30, defaultLimit
		if s.DefaultMemLimit != nil {
			w.limits[ps] = *s.DefaultMemLimit
		}
	}
	for _, machine := range s.Machines {
		w.rss[machine.PS] = machine.RSS
		if machine.MemLimit != nil {
			w.limits[machine.PS] = *machine.MemLimit
		}
	}
	events, struck, step, now := []event{}, map[string]bool{}, s.GlobalStep, int64(0)
	faulty := map[int]string{} // The fault that set the memory of a PS last.
	pollUntil := func(end int64) {
		for ; !w.alarmed && w.nextMs <= end; w.nextMs += pollMs {
			for _, place := range faulty {
				struck[place] = true
			}
			if unhealthy := w.poll(); unhealthy != nil {
				w.alarmed = true
				events = append(events,
					event{"kind": "report", "lane": "ps_health", "ms": w.nextMs, "results": unhealthy},
					event{"kind": "barrier", "lane": "ps_health", "ms": w.nextMs, "blocked": []int{0}})
			}
		}
	}
	pollUntil(0)
	for i, each := range s.Steps {
		pollUntil(now + each.Advance)
		now += each.Advance
		for n := int64(0); n < each.Train; n++ {
			step++
			events = append(events, event{"kind": "step", "lane": "main", "ms": now, "worker": 0, "global_step": step})
		}
		if each.Fault != nil && each.Fault.RSS != nil {
			place := "steps[" + strconv.Itoa(i) + "].fault"
			w.rss[each.Fault.RSS.PS] = each.Fault.RSS.Bytes
			faulty[each.Fault.RSS.PS], struck[place] = place, false
		}
	}
	return events, struck
}

// [end:play]
// [start:speak]

func answer(request struct {
	Type     string
	Seq      int64
	Scenario json.RawMessage
}) any {
	switch request.Type {
	case "hello":
		return event{
			"type": "hello", "protocol": 1,
			"implementation": "go-port", "language": "go", "version": "1",
			"channels":     []string{"reports", "barrier", "steps"},
			"capabilities": []string{"ps_health", "saver", "server", "train", "advance", "fault", "rss"},
		}
	case "bye":
		return event{"type": "bye"}
	}
	var asked scenario
	if err := json.Unmarshal(request.Scenario, &asked); err != nil {
		return event{"type": "failed", "seq": request.Seq, "message": err.Error()}
	}
	if lacking := asked.lacks(); lacking != "" {
		return event{"type": "skipped", "seq": request.Seq, "reason": "needs " + lacking}
	}
	events, struck := asked.play()
	return event{"type": "trace", "seq": request.Seq, "events": events, "struck": struck}
}

func main() {
	in, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var request struct {
			Type     string
			Seq      int64
			Scenario json.RawMessage
		}
		if err := json.Unmarshal(in.Bytes(), &request); err != nil {
			panic(err)
		}
		if err := out.Encode(answer(request)); err != nil {
			panic(err)
		}
	}
}

// [end:speak]
