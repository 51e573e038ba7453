<?php
// php-pgsql: all connections in one process, their queries under way at the same time; then PDO.
$connections = (int) getenv('APP_CONNECTIONS');
$rounds = 20;
echo 'version: php-pgsql ', phpversion('pgsql'), ' with libpq ', PGSQL_LIBPQ_VERSION, "\n";

function same($actual, $expected) {
    if ($actual !== $expected) {
        throw new Exception('got ' . var_export($actual, true) . ', expected ' . var_export($expected, true));
    }
}

/** Sends to all first, then takes all answers. */
function all($crowd, $send) {
    foreach ($crowd as $number => $connection) {
        same($send($connection, $number), true);
    }
    $results = [];
    foreach ($crowd as $number => $connection) {
        $results[$number] = pg_get_result($connection);
        same(pg_result_error($results[$number]), '');
        while (pg_get_result($connection)) {
        }
    }
    return $results;
}

$crowd = [];
for ($i = 0; $i < $connections; $i++) {
    $crowd[$i] = pg_connect(getenv('DATABASE_URL'), PGSQL_CONNECT_FORCE_NEW);
}
$statements = ['ins' => 'insert into items (name, amount) values ($1, $2) returning id', 'sel' => 'select amount from items where id = $1',
    'upd' => 'update items set amount = amount + 1 where id = $1', 'del' => 'delete from items where id = $1'];
foreach ($statements as $name => $sql) {
    all($crowd, fn($c) => pg_send_prepare($c, $name, $sql));
}
for ($turn = 0; $turn < $rounds; $turn++) {
    $keys = array_map(fn($r) => pg_fetch_result($r, 0, 0), all($crowd, fn($c, $i) => pg_send_execute($c, 'ins', ["item $i", $turn])));
    $seen = all($crowd, fn($c, $i) => pg_send_execute($c, 'sel', [$keys[$i]]));
    foreach ($seen as $result) {
        same(pg_fetch_result($result, 0, 0), (string) $turn);
    }
    all($crowd, fn($c, $i) => pg_send_query_params($c, 'select $1::int', [$i]));
    all($crowd, fn($c, $i) => pg_send_execute($c, 'upd', [$keys[$i]]));
    foreach (all($crowd, fn($c, $i) => pg_send_execute($c, 'sel', [$keys[$i]])) as $result) {
        same(pg_fetch_result($result, 0, 0), (string) ($turn + 1));
    }
    foreach (all($crowd, fn($c, $i) => pg_send_execute($c, 'del', [$keys[$i]])) as $result) {
        same(pg_affected_rows($result), 1);
    }
}
array_map('pg_close', $crowd);
// PDO names its statements itself and deallocates them in SQL.
$dsn = 'pgsql:host=' . getenv('PGHOST') . ';port=' . getenv('PGPORT') . ';dbname=' . getenv('PGDATABASE');
$pdos = [];
for ($i = 0; $i < $connections; $i++) {
    $pdos[$i] = new PDO($dsn, getenv('PGUSER'), '', [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
}
for ($turn = 0; $turn < $rounds; $turn++) {
    foreach ($pdos as $i => $pdo) {
        $insert = $pdo->prepare('insert into items (name, amount) values (?, ?) returning id');
        $insert->execute(["pdo $i", $turn]);
        $key = $insert->fetchColumn();
        $pdo->beginTransaction();
        $pdo->prepare('update items set amount = amount + 1 where id = ?')->execute([$key]);
        $pdo->commit();
        $select = $pdo->prepare('select amount from items where id = ?');
        $select->execute([$key]);
        same($select->fetchColumn(), $turn + 1);
        $delete = $pdo->prepare('delete from items where id = ?');
        $delete->execute([$key]);
        same($delete->rowCount(), 1);
    }
}
echo 2 * $connections * $rounds, " rounds ok\n";
