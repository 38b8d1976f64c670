/** Sleeps until it is killed when its first argument says that this is the first try. */
public final class SoakSleep {
    public static void main(String[] arguments) throws InterruptedException {
        boolean first = arguments[0].endsWith(".1");
        System.out.println(first ? "sleeping" : "not again");
        Thread.sleep(first ? 600_000 : 0);
    }
}
