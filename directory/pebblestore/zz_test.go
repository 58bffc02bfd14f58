package pebblestore
import ("testing";"time";"fmt";"math/rand/v2";"github.com/cockroachdb/pebble/v2";"bytes")
func TestZZ(t *testing.T){
 s:=mustOpen(t,t.TempDir(),Options{CacheSize:256<<20})
 fillRecords(t,s,300000)
 for range 2 {
 sn0,_:=s.Snapshot(); sn:=sn0.(*snapshot)
 rng:=rand.New(rand.NewPCG(1,2))
 fmt.Println(s.db.Metrics().ReadAmp())
 get:=func(i uint64){ sn.Get(benchKey(i)) }
 rg:=func(i uint64)([]byte,[]byte){ lo:=benchKey(i); hi:=append([]byte(nil),lo...); lo,hi[36]=lo[:33],9; return lo,hi}
 pooled:=func(i uint64){ s.idle.perView=8; lo,hi:=rg(i); sn.Last(lo,hi)}
 un:=func(i uint64){ s.idle.perView=0; lo,hi:=rg(i); sn.Last(lo,hi)}
 fresh:=func(i uint64){ lo,hi:=rg(i); it,_:=sn.view.snap.NewIter(&pebble.IterOptions{LowerBound:lo,UpperBound:hi}); if it.Last(){v,_:=it.ValueAndErr(); bytes.Clone(v)}; it.Close()}
 it,_:=sn.view.snap.NewIter(nil)
 seek:=func(i uint64){ lo,hi:=rg(i); if it.SeekLT(hi)&&bytes.Compare(it.Key(),lo)>=0{v,_:=it.ValueAndErr(); bytes.Clone(v)}}
 key:=func(i uint64){ rg(i)}
 names:=[]string{"get","pooled","setbounds-new","fresh","seeklt","keygen"}
 fs:=[]func(uint64){get,pooled,un,fresh,seek,key}
 min:=make([]time.Duration,len(fs)); 
 for j:=range min{min[j]=1<<60}
 for rep:=0;rep<300;rep++{ for j,f:=range fs { if j==1||j==2 {f(1)}; st:=time.Now(); for k:=0;k<300;k++{ f(rng.Uint64N(20000)) }; if d:=time.Since(st)/300; d<min[j]{min[j]=d} } }
 for j:=range fs{fmt.Println(names[j],min[j])}
 it.Close(); sn.Close()
 time.Sleep(3*time.Second); s.db.Flush(); s.db.Compact(t.Context(),[]byte{1},[]byte{0xff},true)
 }
 s.Close()
}
