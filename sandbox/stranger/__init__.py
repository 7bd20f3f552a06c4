"""
A hostile tenant: who may make OneCloudServers and Secrets in one namespace, and has a cloud of its own.

`lies` are the answers of that cloud, `__main__` serves them from as many ports as are asked for, `attacks`
say what is put into the namespace, and `tenant` does it. `neighbour` is the honest tenant beside it, `street`
puts both under one operator, `mixture` plays all at once. The tests and the benchmark play it.
"""
