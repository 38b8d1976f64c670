import org.apache.spark.sql.SparkSession;

/** Counts with Spark, and says a property and an option of its JVM. */
public final class Count {
    public static void main(String[] arguments) {
        SparkSession spark = SparkSession.builder().getOrCreate();
        long total = spark.range(10).selectExpr("sum(id) as total").first().getLong(0);
        String said = spark.conf().get("spark.count.said", "nothing");
        System.out.println("COUNT " + total + " " + said + " " + System.getProperty("mine"));
    }
}
