function e(r,n){let s=Math.round(r/1e3);return s===0?`in the same second as ${n}`:s>0?`${s} s after ${n}`:`${-s} s before ${n}`}export{e as a};
