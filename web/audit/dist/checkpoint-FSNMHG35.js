function o(e){}export{o as run};
