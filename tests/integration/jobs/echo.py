"""Says its arguments, its properties and the modules it can import, as one line of JSON."""

import json
import sys
import urllib.parse

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
# encoded by the JVM, because py4j turns a CR into a LF on its way to Python
encode = spark.sparkContext._jvm.java.net.URLEncoder.encode
conf = spark.sparkContext._conf._jconf
said = {
    key: urllib.parse.unquote_plus(encode(conf.get(key), "UTF-8"))
    for key, _ in spark.sparkContext.getConf().getAll()
    if key.startswith("spark.echo.")
}
rows = spark.range(10).selectExpr("sum(id) as total").collect()
print("ECHO " + json.dumps({"arguments": sys.argv[1:], "properties": said, "total": rows[0]["total"]}), flush=True)
