/** Sleeps until it is killed. */
public final class Sleep {
    public static void main(String[] arguments) throws InterruptedException {
        System.out.println("sleeping");
        Thread.sleep(600_000);
    }
}
