package example;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import java.io.IOException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Jobs on cleaned ratings; the task's method_id says which one runs. */
public final class RatingsJobs {
    private RatingsJobs() {}

    public static void main(String[] arguments) throws IOException {
        JobArgument argument = JobArgument.parse(arguments);
        // No master, memory or other setting here: all of it comes from the config group.
        try (SparkSession spark = SparkSession.builder().getOrCreate()) {
            switch (argument.methodId()) {
                case "TopMovies" -> topMovies(spark, argument);
                case "BusiestUsers" -> busiestUsers(spark, argument);
                default -> throw new IllegalArgumentException(
                    "unknown method_id " + argument.methodId() + "; this jar has TopMovies and BusiestUsers");
            }
        }
    }

    /** The movies with the best mean rating among those that at least min_ratings users rated. */
    private static void topMovies(SparkSession spark, JobArgument argument) {
        Dataset<Row> top = spark.read().parquet(argument.input("ratings"))
            .groupBy("movie")
            .agg(avg("rating").as("mean"), count(lit(1)).as("ratings"))
            .where(col("ratings").geq(argument.number("min_ratings")))
            .orderBy(col("mean").desc(), col("movie"))
            .limit(argument.number("limit"));
        write(top, argument.output("top_movies"));
        for (Row movie : top.collectAsList()) {
            System.out.printf("top movies: movie %3d has %.2f stars of %d users%n",
                movie.getInt(0), movie.getDouble(1), movie.getLong(2));
        }
    }

    /** The users who rated most. */
    private static void busiestUsers(SparkSession spark, JobArgument argument) {
        Dataset<Row> busiest = spark.read().parquet(argument.input("ratings"))
            .groupBy("user")
            .agg(count(lit(1)).as("ratings"))
            .orderBy(col("ratings").desc(), col("user"))
            .limit(argument.number("limit"));
        write(busiest, argument.output("busiest_users"));
        for (Row user : busiest.collectAsList()) {
            System.out.printf("busiest users: user %2d rated %d movies%n", user.getInt(0), user.getLong(1));
        }
    }

    private static void write(Dataset<Row> rows, String folder) {
        rows.coalesce(1).write().mode("overwrite").parquet(folder);
        System.out.println("written to " + folder);
    }
}
